"""Demo data (`DEMO=1`): a town's worth of suppliers, customers, tanks, readings and orders, from one seed."""
