//! How bytes become calls, and answers bytes.
