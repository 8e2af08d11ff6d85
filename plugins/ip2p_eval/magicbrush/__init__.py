"""MagicBrush's benchmark (Zhang et al. 2023, arXiv 2306.10012): its files, its two settings."""
