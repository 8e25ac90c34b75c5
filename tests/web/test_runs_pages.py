"""The pages about runs, without a browser: what they show, and what their forms do."""
