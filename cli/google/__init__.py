"""Google's services as the person at the keyboard uses them."""
