"""The script of the demo: what each agent of the team understands and how it answers.

Pure functions over text; no network, no clock, no chance. `workers.demo.scenario` is the way in.
"""
