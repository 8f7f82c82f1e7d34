"""Policy: which calls need approval, by whom, by how many, and within what time.

Rules as a file holds them (`rules`), what they demand of one call (`demands`), whether the votes so
far meet that (`votes`), and whether the rules can be met at all (`lint`). The worker enforces it;
the console explains it before anybody clicks. Pure: nothing here reads a clock, or any file but the
examples that are shipped.
"""
