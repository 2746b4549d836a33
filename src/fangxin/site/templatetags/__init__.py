"""Template tags of the base templates."""
