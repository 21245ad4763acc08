"""The wire of Istra: myRCC, myCrm and myIstra."""
