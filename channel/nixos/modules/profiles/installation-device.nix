# Accepted for recipes that import it: the base system is small already.
{ }
