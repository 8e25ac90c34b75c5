"""How settings come together: environment over file over database over default, every fault named at once.

This package knows the machinery only. Which sections and keys exist is said by the models given to `load`.
"""
