"""Between store and views: records as rows and roles. QtCore only."""
