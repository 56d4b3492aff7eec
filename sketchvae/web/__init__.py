"""The studio: a page in the browser, and its API, on top of the other rooms."""
