"""The part of the packet layer that touches the world: namespaces, devices, and the process that carries packets between them."""
