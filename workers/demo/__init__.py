"""The demo: a team of agents on this machine, with everything it needs to show the whole job.

Nothing here is needed by a worker of your own. The parts start and stop by themselves: a broker,
a scripted model server, an MCP server, and the agents. All data is invented.
"""
