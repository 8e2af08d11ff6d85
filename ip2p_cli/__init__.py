"""ip2p: batch photo editing by written instruction."""

__version__ = "0.1.0"
