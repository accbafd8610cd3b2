"""The supplier's working day in the browser: server-rendered pages whose fragments HTMX refreshes."""
