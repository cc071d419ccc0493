"""Recorded samples: one sample, pools of them, the store that loses nothing, and the model that records into it."""
