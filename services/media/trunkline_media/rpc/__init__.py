"""Translation between protos and the domain."""
