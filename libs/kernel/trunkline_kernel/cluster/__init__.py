"""What a pod asks of Kubernetes: its public address, marks on itself, a first set of secrets."""
