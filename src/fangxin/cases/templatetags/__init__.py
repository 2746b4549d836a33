"""What the pages of cases need to draw."""
