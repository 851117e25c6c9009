"""What Dext knows of a company, and the export a person makes of it. It has no API to play."""
