"""`python -m ip2p_cli` is `ip2p`."""

from ip2p_cli.cli import main

main()
