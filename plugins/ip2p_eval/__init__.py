"""`ip2p eval`: an independent judge of how well a checkpoint follows instructions on real photos."""
