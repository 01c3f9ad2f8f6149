"""Configuration documents: read, checked as one batch, split between services, applied.

source    YAML files with the line of every field
secrets   {env: NAME} and {file: path}
catalog   which service keeps which part of which kind
plan      what applying would change, or everything that is wrong
"""
