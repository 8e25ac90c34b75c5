"""`brainarr evaluate`: the stages of a run on a data set instead of a library, and how well they do."""
