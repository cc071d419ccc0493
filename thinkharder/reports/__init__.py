"""Reports: figures and one self-contained page from a run or a pool of recorded samples."""
