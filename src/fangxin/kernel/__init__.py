"""What every app stands on and what knows no app: law, working days, journal, vault, workflow, permits."""
