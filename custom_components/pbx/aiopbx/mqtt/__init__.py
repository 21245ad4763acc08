"""A bridge on an MQTT 5 broker as a telephone system: the contract of its topics, and the wire that reads them."""
