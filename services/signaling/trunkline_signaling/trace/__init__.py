"""The debug trace (MGT-03): both legs of a call and the services' decisions in one time order."""
