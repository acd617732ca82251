"""Our methods' training at sizes that are quick on a CPU, for ``jack-parity train``."""
