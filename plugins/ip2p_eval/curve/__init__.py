"""InstructPix2Pix's trade-off (section 4.2, figure 8): how like the input an edit stays, against how far it follows."""
