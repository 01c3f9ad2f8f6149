"""The service's gRPC edge: servicers in, clients out. Translation only."""
