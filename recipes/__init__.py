"""The recipes that come with ip2p; this folder is installed as the package `ip2p_recipes`."""
