"""ip2p: batch photo editing by written instruction."""

import logging

__version__ = "0.1.0"

# torchao, where it is installed, is imported with diffusers, and tells which kernels of other devices it cannot
# load. Here, for anything may import it, in any process.
for _name in ("torchao", "torch.utils._pytree", "diffusers.quantizers.torchao.torchao_quantizer"):
    logging.getLogger(_name).setLevel(logging.ERROR)
