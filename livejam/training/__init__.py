"""Making the network: reading corpora, the Transformer in PyTorch, training and export. The only torch in livejam."""
