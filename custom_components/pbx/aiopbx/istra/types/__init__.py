"""The wire types of Istra, a file for each application and one for what they share."""
