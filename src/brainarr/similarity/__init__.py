"""The collaborative filter and how it is measured: numpy and scipy, no I/O but files."""
