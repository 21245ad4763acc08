"""The O2G face: REST over http and https, and the chunked event channel."""
