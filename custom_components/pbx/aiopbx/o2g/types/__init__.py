"""The types of the O2G wire, a file a service, generated from the reference and mended by what servers really send."""
