"""What commands tell, as data, text and pictures."""
