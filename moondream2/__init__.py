"""moondream2 in plain PyTorch: from a picture and a prompt to tokens, boxes and points.

This folder knows tensors and nothing of requests, threads or the web; it imports nothing else of
the project. Every size comes from a checkpoint's config.json, none is written into the code.

Read in this order: `config`, `crops`, `vision`, `text`, `region`, `network` (the parts joined),
`prompts` (what is asked), `skills` (what is done, as plain loops), `decoding` (how the loops of
several rows run as one batch), `weights` (how a checkpoint folder becomes a network).

Follows vikhyat/moondream@44146f1 (Apache-2.0), written anew.
"""
