"""The few places where the database is spoken to without the ORM."""
