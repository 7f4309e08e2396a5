"""The networks, one a file, and the registry that names them."""
