"""The bench: a grid of task x model x strategy x budget x seed, run into a folder that loses nothing and resumes."""
