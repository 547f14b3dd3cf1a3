"""The checks, a module for each subject. Importing a module registers its rules."""
