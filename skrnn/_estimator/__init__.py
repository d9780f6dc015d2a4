"""What both estimators share: reading, parameters, scoring, callbacks."""
