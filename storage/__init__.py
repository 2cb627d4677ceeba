"""The program's memory: what is kept, and the queries that read and write it. Imports nothing of ours."""
