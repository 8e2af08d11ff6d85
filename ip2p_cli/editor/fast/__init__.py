"""The accelerations of `--accelerate`, one a file: where it is from, and what it does to a denoising loop."""
