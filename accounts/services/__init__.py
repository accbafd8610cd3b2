"""What people's accounts do: signing in, passwords, profiles, suppliers made by operators."""
