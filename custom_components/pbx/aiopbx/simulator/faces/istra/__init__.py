"""Istra in front of the switch: myRCC, myCrm and myIstra, each with its own sessions, over http and https."""
