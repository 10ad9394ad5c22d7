"""The network at home: where it finds this computer, and a certificate that is good there.

`addresses` are this computer's, `authority` signs, `own_certificate` is somebody else's work, and
`network` keeps what is served good for as long as the server runs. Imports `protocol` and nothing
else of the project.
"""
