"""What a picture is perceived to show: image -> attribute probabilities, or None where that cannot be told."""
